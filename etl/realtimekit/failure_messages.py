"""The errors of a run that the API ends: what is wrong, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import ApiUnavailable, ConfigError, FailureKind, TokenRejected

if TYPE_CHECKING:
    from etl.errors import EtlError, Refused, RequestError

_OK = 200
_PERMISSION = (
    "It needs the permission Realtime or Realtime Admin for this account; "
    "create or correct it at https://dash.cloudflare.com/profile/api-tokens"
)


def make_token_error(error: Refused) -> TokenRejected:
    """Make the error for a token that the API refuses."""
    return TokenRejected(f"Cloudflare refuses the API token ({error.message}). {_PERMISSION}")


def make_api_error(error: RequestError, what: str) -> EtlError:
    """Make the error for an API that refuses everything: the token lacks permission, the IDs are wrong, or it is down.

    `what` says what was refused.
    """
    if error.kind in {FailureKind.FORBIDDEN, FailureKind.UNAUTHORIZED}:
        return TokenRejected(f"{what}. {_PERMISSION}")
    if error.kind is FailureKind.NOT_FOUND:
        return ConfigError(f"{what}. Look at the account ID, the app ID and the base URL")
    if error.kind is FailureKind.RATE_LIMITED:
        way_out = "run again in five minutes, and find out what else uses this token"
        return ApiUnavailable(f"Cloudflare's limit refuses every request: {what}; {way_out}")
    if error.kind is FailureKind.CONNECTION:
        way_out = "Look at the base URL, at the network and at https://www.cloudflarestatus.com, then run again"
        return ApiUnavailable(f"{what}. {way_out}")
    way_out = "Look at https://www.cloudflarestatus.com and at the network, then run again"
    return ApiUnavailable(f"the API gives no valid answer: {what}. {way_out}")


def make_list_error(error: RequestError, app_id: str) -> EtlError:
    """Make the error for an app whose list of live sessions the API refuses."""
    what = f"the API does not give the list of live sessions of app {app_id} ({error.message})"
    if (
        error.kind in {FailureKind.FORBIDDEN, FailureKind.UNAUTHORIZED, FailureKind.NOT_FOUND}
        or error.http_status == _OK
    ):
        ended_by = make_api_error(error, what)
        return type(ended_by)(f"{ended_by}; or, with a meeting list, use --via meetings")
    return ConfigError(f"{what}; with a meeting list, use --via meetings to ask for each meeting instead")

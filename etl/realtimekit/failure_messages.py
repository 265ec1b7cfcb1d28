"""What a run's error says when it is the API that ends it: what is wrong, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import ApiUnavailable, ConfigError, FailureKind, TokenRejected

if TYPE_CHECKING:
    from etl.errors import EtlError, Refused, RequestError

_OK = 200
_PERMISSION = (
    "It needs the permission Realtime or Realtime Admin for this account; "
    "make or mend it at https://dash.cloudflare.com/profile/api-tokens"
)


def token_rejected(error: Refused) -> TokenRejected:
    """No request succeeds with this token."""
    return TokenRejected(f"Cloudflare refuses the API token ({error.message}). {_PERMISSION}")


def unavailable(error: RequestError, what: str) -> EtlError:
    """Nothing succeeds, as `what` says: the token may do nothing, the addresses are wrong, or the API is down."""
    if error.kind is FailureKind.FORBIDDEN:
        return TokenRejected(f"{what}. {_PERMISSION}")
    if error.kind is FailureKind.NOT_FOUND:
        return ConfigError(f"{what}. Look at the account ID, the app ID and the base URL")
    if error.kind is FailureKind.RATE_LIMITED:
        way_out = "run again in five minutes, and look what else uses this token so much"
        return ApiUnavailable(f"Cloudflare's limit refuses everything: {what}; {way_out}")
    way_out = "Look at https://www.cloudflarestatus.com and at the network, then run again"
    return ApiUnavailable(f"the API gives no good answer: {what}. {way_out}")


def list_refused(error: RequestError, app_id: str) -> EtlError:
    """The API does not give an app's list of live sessions."""
    what = f"the API does not give the list of live sessions of app {app_id} ({error.message})"
    if error.kind in {FailureKind.FORBIDDEN, FailureKind.NOT_FOUND} or error.http_status == _OK:
        ended_by = unavailable(error, what)
        return type(ended_by)(f"{ended_by}; or, with a meeting list, take --via meetings")
    return ConfigError(f"{what}; with a meeting list, --via meetings asks for each meeting instead")

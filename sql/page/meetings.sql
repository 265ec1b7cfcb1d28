-- grain: one of the meetings $meeting_ids, with its latest name and the most participants of one of its sessions
with told as (
    select app_id, meeting_id, type, meeting_display_name, max_concurrent_participants, observed_at as told_at
    from session_snapshots
    where slot >= $since
        and slot < $until
        and list_contains($meeting_ids, meeting_id)

    union all

    select app_id, meeting_id, type, meeting_display_name, max_concurrent_participants, ended_at as told_at
    from session_finals
    where started_at < $until
        and ended_at >= $since
        and list_contains($meeting_ids, meeting_id)
)

select
    app_id,
    meeting_id,
    arg_max(meeting_display_name, told_at) as meeting,
    max(max_concurrent_participants) filter (where type = 'meeting') as peak_participants
from told
group by app_id, meeting_id;

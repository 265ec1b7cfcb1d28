-- grain: one of the meetings $meeting_ids, with its latest name and the most participants of one of its sessions
select
    app_id,
    meeting_id,
    arg_max(meeting_display_name, observed_at) as meeting,
    max(max_concurrent_participants) filter (where type = 'meeting') as peak_participants
from session_snapshots
where slot >= $since
    and slot < $until
    and meeting_id in (select unnest($meeting_ids))
group by app_id, meeting_id;

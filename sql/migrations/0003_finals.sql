-- What `reconcile` learns after the fact. Nothing is ever changed here either: the row fetched last is the one that counts.

-- grain: an ended session as the API reported it at fetched_at; a report that says the same again is not stored again
create table session_finals (
    run_id uuid not null,
    fetched_at timestamptz not null,
    app_id varchar not null,
    meeting_id varchar not null,
    session_id varchar not null,
    associated_id varchar,
    meeting_display_name varchar,
    type varchar,
    status varchar,
    live_participants integer not null,
    max_concurrent_participants integer not null,
    minutes_consumed double not null,
    organization_id varchar,
    created_at timestamptz,
    started_at timestamptz not null,
    updated_at timestamptz,
    ended_at timestamptz,
    breakout_rooms json,
    meta json,
    extra json
);

-- grain: an app's day (UTC) as Cloudflare itself totalled it at fetched_at; the same totals again are not stored again
create table daily_totals (
    run_id uuid not null,
    fetched_at timestamptz not null,
    app_id varchar not null,
    day date not null,
    sessions bigint not null,
    minutes double not null
);

-- The step of the schedule that a run belongs to, which tells what slots there should be. Empty where it was not told.
alter table runs add column every_seconds double;

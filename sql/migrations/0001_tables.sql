-- The tables. All instants are TIMESTAMPTZ in UTC. Units are part of a column's name.
-- Jobs only add rows. Of several rows about the same thing, the newest one counts.
-- Only sql/erase/ deletes rows. It also updates runs and meeting_lists.
-- The big tables have no primary key: an index would make the file five times as large.
-- The load keeps the key of a snapshot (slot, app_id, meeting_id) unique instead (sql/load/).

-- Grain: one row per loaded run, and one per erasure (kind erase).
-- Of a run of the kind erased, only its identity and its requests are left.
-- every_seconds is the step of the run's schedule, empty for a run without one.
-- unlisted counts the live sessions of meetings outside the run's list. It is empty for a run that
-- fetched meeting by meeting, because such a run cannot see them.
-- clock_note says why the clock of the run was wrong. It is empty if the clock seemed right.
create table runs (
    run_id uuid primary key,
    kind varchar not null,
    slot timestamptz not null,
    every_seconds double,
    via varchar not null,
    account_id varchar not null,
    list_id varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    meetings bigint not null,
    live bigint not null,
    idle bigint not null,
    failed bigint not null,
    unlisted bigint,
    requests bigint not null,
    retries bigint not null,
    waited_seconds double not null,
    tool_version varchar not null,
    host varchar not null,
    clock_note varchar
);

-- Grain: one row per meeting and distinct meeting list. A list is stored once.
create table meeting_lists (
    list_id varchar not null,
    app_id varchar not null,
    meeting_id varchar not null
);

-- Grain: one row per live meeting and slot.
create table session_snapshots (
    run_id uuid not null,
    slot timestamptz not null,
    observed_at timestamptz not null,
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

-- Grain: one row per ended session and change of its final figures, as fetched at fetched_at.
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

-- Grain: one row per app, day (UTC) and change of Cloudflare's totals, as fetched at fetched_at.
create table daily_totals (
    run_id uuid not null,
    fetched_at timestamptz not null,
    app_id varchar not null,
    day date not null,
    sessions bigint not null,
    minutes double not null
);

-- Grain: one row per meeting and run that could not learn the meeting's outcome.
create table fetch_failures (
    run_id uuid not null,
    slot timestamptz not null,
    app_id varchar,
    meeting_id varchar not null,
    kind varchar not null,
    http_status integer,
    api_code bigint,
    message varchar not null,
    attempts integer not null,
    cf_ray varchar,
    line bigint
);

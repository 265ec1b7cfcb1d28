-- The tables. Instants are TIMESTAMPTZ in UTC, units stand in names.
-- Only the ledgers have a primary key: on the big tables an index makes the file five times as large,
-- and the key of a snapshot (slot, app_id, meeting_id) is kept by the load instead (sql/load/).

-- grain: a loaded run
create table runs (
    run_id uuid primary key,
    kind varchar not null,
    slot timestamptz not null,
    via varchar not null,
    account_id varchar not null,
    list_id varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    meetings bigint not null,
    live bigint not null,
    idle bigint not null,
    failed bigint not null,
    requests bigint not null,
    retries bigint not null,
    waited_seconds double not null,
    tool_version varchar not null,
    host varchar not null
);

-- grain: a meeting in a distinct list; a list is stored once
create table meeting_lists (
    list_id varchar not null,
    app_id varchar not null,
    meeting_id varchar not null
);

-- grain: a live session observed in a slot
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

-- grain: a meeting whose outcome a run could not learn
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

-- Count the claims of a run, or of all runs, that ended on each of the last p_days days in UTC: embedded (a completed embed
-- phase) and failed (including expired leases). The oldest day is first, and each day has a row of both kinds. runs contains the
-- last p_limit of these claims. If the caller may not read all documents of a run, its errors are omitted, because they may name
-- the documents.
create or replace function graphdb.report_attempts(p_run_id text default null, p_days integer default 30, p_limit integer default 20)
returns table (day date, kind text, attempts bigint, runs jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with days as (
    select ((select graphdb.clock()) at time zone 'UTC')::date - d.past as day
    from generate_series(0, graphdb._check_limit(p_days) - 1) as d (past)
  ), ended as (
    select e.*, row_number() over (partition by e.day, e.kind order by e.ended_at desc, e.run_id, e.claim_token desc) as place
    from (
      select (a.ended_at at time zone 'UTC')::date as day, case a.outcome when 'completed' then 'embedded' else 'failed' end as kind,
             a.run_id, a.claim_token, a.phase, a.outcome, a.ended_at, case when h.run_id is null then a.error end as error
      from graphdb.run_attempts as a
      left join graphdb._hidden_documents() as h on h.run_id = a.run_id
      where (a.outcome in ('failed', 'expired') or (a.outcome = 'completed' and a.phase = 'embed'))
        and (p_run_id is null or a.run_id = p_run_id)
        and a.ended_at >= (select min(d.day) from days as d)::timestamp at time zone 'UTC') as e
  )
  select d.day, k.kind, count(e.run_id),
         coalesce(jsonb_agg(jsonb_build_object(
           'run_id', e.run_id, 'phase', e.phase, 'outcome', e.outcome, 'ended_at', e.ended_at, 'error', e.error)
           order by e.place) filter (where e.place <= graphdb._check_limit(p_limit)), '[]')
  from days as d
  cross join (values ('embedded'), ('failed')) as k (kind)
  left join ended as e on e.day = d.day and e.kind = k.kind
  group by d.day, k.kind
  order by d.day, k.kind
$$;

comment on function graphdb.report_attempts(text, integer, integer) is
  'Count the claims of a run (null: of all runs) that ended on each of the last p_days days in UTC: embedded (a completed embed phase) and failed (including expired leases). '
  'The oldest day is first, and each day has a row of both kinds. runs contains the last p_limit of these claims: run_id, phase, outcome, ended_at and error. '
  'If the caller may not read all documents of a run, its errors are omitted. TB001: bad number of days or limit.';
revoke all on function graphdb.report_attempts(text, integer, integer) from public;

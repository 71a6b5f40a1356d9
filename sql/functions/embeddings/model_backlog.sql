-- Return the work that remains before a switch to a model: the number of texts without a vector under it, the number of
-- runs that contain them, and the seconds that one worker needs at the rate of the last 100 embed phases. The seconds
-- are null if nothing was measured. p_model may be unregistered. Texts of documents that the caller may not read do not
-- count.
create or replace function graphdb.model_backlog(p_model text)
returns table (texts bigint, runs bigint, seconds float8)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.texts,
         l.runs,
         l.texts * t.seconds_of_a_text
  from (
    select count(distinct i.input_sha256) as texts, count(distinct i.run_id) as runs
    from graphdb._missing_inputs(coalesce((select m.model_id from graphdb.embedding_models as m where m.model = p_model), 0)) as i
    where (select graphdb._processes_runs()) or graphdb._is_readable_input(i.input_sha256)
  ) as l
  cross join (
    select sum(extract(epoch from a.ended_at - a.started_at)) / nullif(sum(a.embedded_chunks), 0) as seconds_of_a_text
    from (
      select h.* from graphdb.run_attempts as h
      where h.phase = 'embed' and h.outcome = 'completed'
      order by h.ended_at desc
      limit 100
    ) as a
  ) as t
$$;

comment on function graphdb.model_backlog(text) is
  'Return the work that remains before a switch to a model. '
  'This is the number of texts without a vector under the model, the number of runs that contain them, and the seconds that one worker needs at the rate of the last 100 embed phases (null: nothing was measured). '
  'The model need not be registered.';
revoke all on function graphdb.model_backlog(text) from public;

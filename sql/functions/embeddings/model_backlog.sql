-- Return what is left to do before a switch to a model: the number of texts without a vector under it, the number of runs
-- to embed with it, and the seconds that one worker needs at the rate of the last 100 embed phases. The seconds are null
-- if nothing was measured. p_model may be unregistered.
create or replace function graphdb.model_backlog(p_model text)
returns table (texts bigint, runs bigint, seconds float8)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.texts,
         (select count(*) from graphdb.processed_runs as r where r.status = 'embedded' and r.embedding_model is distinct from p_model),
         l.texts * t.seconds_of_a_text
  from (
    select count(*) as texts
    from graphdb._lacking_inputs(coalesce((select m.model_id from graphdb.embedding_models as m where m.model = p_model), 0))
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
  'Return what is left to do before a switch to a model: the number of texts without a vector under it, the number of runs to embed with it, and the seconds that one worker needs at the rate of the last 100 embed phases (null: nothing was measured). '
  'The model need not be registered.';
revoke all on function graphdb.model_backlog(text) from public;

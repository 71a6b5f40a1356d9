-- What a switch to a model takes: how many texts have no vector under it, how many runs are to be embedded with it, and how many seconds
-- that takes one worker at the rate of the last 100 embed phases. p_model may be unknown as yet. Null seconds: nothing was measured.
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
  'What a switch to a model takes: texts without a vector under it, runs to be embedded with it, and the seconds that takes one worker at the rate of the last 100 embed phases (null: nothing was measured). The model need not be registered.';
revoke all on function graphdb.model_backlog(text) from public;

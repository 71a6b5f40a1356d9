-- The two-sided test of Kolmogorov and Smirnov: the largest distance between the two distributions, and the distance that
-- equal distributions exceed in one of a hundred measurements.
with placed as (
  select t.kind, sum(case when t.has_restricted then 1 else -1 end) over (partition by t.kind order by t.milliseconds) as difference,
         count(*) filter (where t.has_restricted) over (partition by t.kind) as tries
  from bench.times as t
), distances as (
  select p.kind, max(abs(p.difference) / p.tries::float8) as distance, 1.628 * sqrt(2.0 / max(p.tries)) as critical, max(p.tries) as tries from placed as p group by p.kind
), medians as (
  select t.kind,
         percentile_cont(0.5) within group (order by t.milliseconds) filter (where t.has_restricted) as with_restricted,
         percentile_cont(0.5) within group (order by t.milliseconds) filter (where not t.has_restricted) as without
  from bench.times as t group by t.kind
)
select format('| %s | %s | %s ms | %s ms | %s | %s | %s |', d.kind, d.tries, round(m.with_restricted::numeric, 3), round(m.without::numeric, 3),
         round(d.distance::numeric, 4), round(d.critical::numeric, 4), case when d.distance > d.critical then 'yes' else 'no' end)
from distances as d join medians as m using (kind) order by d.kind desc;

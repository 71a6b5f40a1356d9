-- squawk-ignore-file ban-drop-function, adding-field-with-default, require-concurrent-index-creation
-- A database may contain several models. Exactly one is served: searches that name no model use it.

alter table graphdb.embedding_models add column if not exists is_served boolean not null default false;
comment on column graphdb.embedding_models.is_served is
  'Whether searches that name no model use this one. Exactly one model is served if there is any';
create unique index if not exists ix_embedding_models_served on graphdb.embedding_models (is_served) where is_served;
-- If there are several models, serve the model with which most runs are embedded.
update graphdb.embedding_models as m
set is_served = true
from (
  select u.model_id
  from graphdb.embedding_models as u
  order by (select count(*) from graphdb.processed_runs as r where r.embedding_model = u.model and r.status = 'embedded') desc, u.model_id
  limit 1
) as s
where m.model_id = s.model_id and m.is_served is distinct from true
  and not exists (select from graphdb.embedding_models as o where o.is_served);

-- Return the functions that reader, worker or admin roles may call. A worker may call all functions of a reader, and an admin all
-- functions of a worker.
create or replace function graphdb._kind_functions(p_kind text)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_functions text[] := '{clock,require_schema,model_use,backlog,list_runs,list_sources,list_labels,list_meta_keys,list_models,overlapping_runs,run_history,
    principals,reads_all,may_read,role_readers,model_limit,search,context,read_question,searched_documents,snippet,has_vectors,role_rights,token_lag,find_document,describe_documents,list_documents,search_facets,run_contents,
    run_losses,report_documents,report_chunks,report_duplicates,report_attempts,chunk_sizes,chunk_start,backlog_history,attempt_totals,content_totals,unknown_readers,run_visibility,
    list_workers,work_progress,list_pauses,due_in,storage_size,served_model,describe_models,model_backlog}';
begin
  if p_kind in ('worker', 'admin') then
    v_functions := v_functions || '{claim_run,claim_runs,renew_claim,renew_claims,complete_run,complete_runs,release_run,run_documents,input_places,fail_run,expire_claim,
      recover_expired_claims,create_staging,replace_chunks,pending_inputs,store_embeddings,store_staged_embeddings,register_model,
      set_model_limit,refresh_search,missing_vector_indexes}'::text[];
  end if;
  if p_kind = 'admin' then
    v_functions := v_functions || '{register_run,keep_documents,load_documents,reset_runs,delete_runs,prune_embeddings,prune_attempts,set_priority,
      release_claims,pause_runs,resume_runs,requeue_runs,serve_model,drop_model}'::text[];
  end if;
  return v_functions;
end
$$;

comment on function graphdb._kind_functions(text) is
  'Return the functions that reader, worker or admin roles may call. A worker may call all functions of a reader, and an admin all functions of a worker.';
revoke all on function graphdb._kind_functions(text) from public;

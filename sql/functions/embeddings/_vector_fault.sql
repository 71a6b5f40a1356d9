-- Return what is wrong with a vector for a model with this dimension, or null. pgvector itself rejects NaN and
-- infinity. The function is inlined into its caller, so it must not call anything that is less than immutable, such as
-- format(). Its functions are bound when it is created, so the search path of the caller does not matter.
create or replace function graphdb._vector_fault(p_embedding @extschema:vector@.vector, p_dimension integer)
returns text
language sql
immutable
parallel safe
return case
  when p_embedding is null then 'null'
  when @extschema:vector@.vector_dims(p_embedding) <> p_dimension then @extschema:vector@.vector_dims(p_embedding)::text || ' dimensions'
  when @extschema:vector@.vector_norm(p_embedding) = 0 then 'only zeros'
end;

comment on function graphdb._vector_fault(@extschema:vector@.vector, integer) is
  'Return what is wrong with a vector for a model with this dimension, or null.';
revoke all on function graphdb._vector_fault(@extschema:vector@.vector, integer) from public;

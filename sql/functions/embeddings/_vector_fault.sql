-- Return the reason why a vector is invalid for a model with this dimension, or null if it is valid. pgvector itself
-- rejects NaN and infinity. The function is inlined into its caller, so it must call only immutable functions, and not
-- format(). Names are resolved when the function is created, so it does not depend on the caller's search path.
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
  'Return the reason why a vector is invalid for a model with this dimension, or null if it is valid.';
revoke all on function graphdb._vector_fault(@extschema:vector@.vector, integer) from public;

-- What is wrong with a vector under a model of that dimension, or null. (A vector with NaN or infinity cannot exist: pgvector
-- refuses it.) Inlined where it is called, and so nothing in it may be less than immutable, as format() is; and bound to
-- pgvector's functions when it is made, so that the caller's path does not decide.
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

comment on function graphdb._vector_fault(@extschema:vector@.vector, integer) is 'What is wrong with a vector under a model of that dimension, or null.';
revoke all on function graphdb._vector_fault(@extschema:vector@.vector, integer) from public;

-- Hostile objects in the place of everything that our SQL names. Each one records that it was used, and then does what the real
-- one does. The test that uses them is tests/cli/search_path.rs.

create schema trap;

-- A record survives the rollback of whatever it was made in: it is the value of a sequence.
create function trap.record(p_name text)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform nextval(format('trap.%I', left(p_name, 60))::regclass);
  return true;
end
$$;

create function trap.recorded()
returns setof text
language sql
set search_path = pg_catalog, pg_temp
as $$
  select s.sequencename::text from pg_sequences as s where s.schemaname = 'trap' and s.last_value is not null order by 1
$$;

-- Creates one object. Skips objects that the server does not allow (a pseudo-type, a name that is taken).
create function trap.make(p_name text, p_statement text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass(format('trap.%I', left(p_name, 60))) is null then
    execute format('create sequence trap.%I', left(p_name, 60));
  end if;
  execute p_statement;
  return 1;
exception when others then
  return 0;
end
$$;

-- Sets traps in a schema: for each function, aggregate, operator, type and relation of pg_catalog and pgvector that has one of these
-- names, one with the same signature. With p_beside also overloads that pg_catalog does not have, which a call with arguments of
-- just these types would prefer. Returns how many there are.
create function trap.set_in(p_schema text, p_words text[], p_operators text[], p_beside boolean)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set client_min_messages = error
set check_function_bodies = off
as $$
declare
  v_types constant text[] := '{text,integer,bigint,name,oid,boolean}';
  v_made bigint := 0;
  v_more bigint;
begin
  -- Functions.
  select sum(trap.make(p.proname, format(
    'create function %I.%I(%s) returns %s language plpgsql as %L', p_schema, p.proname,
    pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
    format('begin perform trap.record(%L); %s end', p.proname, case
      when p.prorettype = 'void'::regtype then format('perform %s;', c.call)
      when p.proretset then format('return query select * from %s;', c.call)
      when p.proargmodes is not null and p.provariadic = 0 then 'return;'
      else format('return %s;', c.call) end))))
  into v_more
  from pg_proc as p
  cross join lateral (
    select format('%s.%I(%s)', p.pronamespace::regnamespace, p.proname,
      (select string_agg(case when n = p.pronargs and p.provariadic <> 0 then 'variadic ' else '' end || '$' || n, ', ' order by n)
       from generate_series(1, p.pronargs) as n)) as call
  ) as c
  where p.prokind = 'f' and p.proname = any (p_words)
    and p.pronamespace in (select 'pg_catalog'::regnamespace union select e.extnamespace from pg_extension as e where e.extname = 'vector')
    and '"any"'::regtype <> all (p.proargtypes::oid[]);
  v_made := v_made + v_more;

  -- Functions of arguments of any type, for a few types.
  select sum(trap.make(f.name, format(
    'create function %I.%I(%s) returns %s language plpgsql as %L', p_schema, f.name, a.arguments, f.result,
    format('begin perform trap.record(%L); return null; end', f.name))))
  into v_more
  from (select p.proname as name, pg_get_function_result(p.oid) as result from pg_proc as p
        where p.prokind = 'f' and p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any (p_words)
          and '"any"'::regtype = any (p.proargtypes::oid[])) as f
  cross join (
    select x as arguments from unnest(v_types || 'timestamptz'::text) as x
    union select x || ',' || y from unnest(v_types || 'timestamptz'::text) as x, unnest(v_types || 'timestamptz'::text) as y
    union select x || ',' || y || ',' || z from unnest('{text,integer,timestamptz}'::text[]) as x, unnest('{text,integer,bigint,timestamptz}'::text[]) as y, unnest('{text,integer,timestamptz,interval}'::text[]) as z
    union select 'text,timestamptz,timestamptz,text') as a;
  v_made := v_made + coalesce(v_more, 0);

  -- Aggregates, which also are window functions.
  select sum(trap.make(p.proname, format(
      'create function %1$I.%2$I(text%3$s) returns text language plpgsql as %4$L;
       create aggregate %1$I.%5$I(%6$s) (sfunc = %1$I.%2$I, stype = text)',
      p_schema, 'step ' || p.oid, case when p.pronargs > 0 then ', ' || a.arguments else '' end,
      format('begin perform trap.record(%L); return null; end', p.proname), p.proname,
      case when p.pronargs > 0 then a.arguments else '*' end)))
  into v_more
  from pg_proc as p
  cross join lateral (
    select string_agg(replace(format_type(t.oid, null), '"any"', 'anyelement'), ', ' order by t.place) as arguments
    from unnest(p.proargtypes::oid[]) with ordinality as t (oid, place)
  ) as a
  where p.prokind = 'a' and p.proname = any (p_words) and p.pronamespace = 'pg_catalog'::regnamespace;
  v_made := v_made + v_more;

  -- Operators.
  select sum(trap.make(o.oprname, format(
      'create function %1$I.%2$I(%3$s) returns %4$s language plpgsql as %5$L;
       create operator %1$I.%6$s (%7$s rightarg = %8$s, function = %1$I.%2$I)',
      p_schema, 'operator ' || o.oid,
      concat_ws(', ', case when o.oprleft <> 0 then format_type(o.oprleft, null) end, format_type(o.oprright, null)),
      format_type(o.oprresult, null),
      format('begin perform trap.record(%L); return %s operator(%s.%s) %s; end', o.oprname,
        case when o.oprleft <> 0 then '$1' else '' end, o.oprnamespace::regnamespace, o.oprname, case when o.oprleft <> 0 then '$2' else '$1' end),
      o.oprname, case when o.oprleft <> 0 then 'leftarg = ' || format_type(o.oprleft, null) || ',' else '' end, format_type(o.oprright, null))))
  into v_more
  from pg_operator as o
  where o.oprname = any (p_operators)
    and o.oprnamespace in (select 'pg_catalog'::regnamespace union select e.extnamespace from pg_extension as e where e.extname = 'vector');
  v_made := v_made + v_more;

  -- Types, whose check is made at each cast.
  select sum(trap.make(t.typname, format('create domain %I.%I as %I.%I check (trap.record(%L))', p_schema, t.typname, t.typnamespace::regnamespace, t.typname, t.typname)))
  into v_more
  from pg_type as t
  where t.typtype = 'b' and t.typcategory <> 'A' and t.typname = any (p_words)
    and t.typnamespace in (select 'pg_catalog'::regnamespace union select e.extnamespace from pg_extension as e where e.extname = 'vector');
  v_made := v_made + v_more;

  -- Relations.
  select sum(trap.make(c.relname, format(
    'create view %I.%I as select c.* from pg_catalog.%I as c where trap.record(%L)', p_schema, c.relname, c.relname, c.relname)))
  into v_more
  from pg_class as c
  where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') and c.relname = any (p_words);
  v_made := v_made + v_more;

  if p_beside then
    select sum(trap.make(f.name, format(
      'create function %I.%I(%s) returns text language plpgsql as %L', p_schema, f.name, a.arguments,
      format('begin perform trap.record(%L); return null; end', f.name))))
    into v_more
    from (select distinct p.proname as name from pg_proc as p
          where p.prokind = 'f' and p.pronamespace = 'pg_catalog'::regnamespace and p.pronargs between 1 and 3 and p.proname = any (p_words)) as f
    cross join (
      select x as arguments from unnest(v_types) as x union select x || ',' || y from unnest(v_types) as x, unnest(v_types) as y) as a;
    v_made := v_made + v_more;
    select sum(trap.make(o.name, format(
      'create function %1$I.%2$I(%3$s, %4$s) returns boolean language plpgsql as %5$L;
       create operator %1$I.%6$s (leftarg = %3$s, rightarg = %4$s, function = %1$I.%2$I)', p_schema, format('beside %s %s %s', o.name, x, y), x, y,
      format('begin perform trap.record(%L); return true; end', o.name), o.name)))
    into v_more
    from unnest(p_operators) as o (name), unnest(v_types) as x, unnest(v_types) as y
    where not exists (
      select from pg_operator as p
      where p.oprname = o.name and p.oprnamespace = 'pg_catalog'::regnamespace and p.oprleft = x::regtype and p.oprright = y::regtype);
    v_made := v_made + v_more;
  end if;
  return v_made;
end
$$;
grant usage on schema trap to public;

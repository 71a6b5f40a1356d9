//! Detects problems that prevent the schema from working or from being installed, and says who can solve them.

use postgres::GenericClient;

use super::install;
use crate::error::{Error, Result};

/// Missing rights of the owner of the schema. Its functions run with the owner's rights.
/// Before the installation, the current user is the future owner.
///
/// `pg_temp` contains the staging tables. The functions use types and operators in pgvector's schema.
const LACKING: &str = "
    select o.rolname::text, current_database()::text,
           not has_database_privilege(o.oid, current_database(), 'temporary') as lacks_temporary,
           current_setting('session_replication_role') = 'replica' as ignores_keys,
           n.oid is null and not has_database_privilege(o.oid, current_database(), 'create') as lacks_create,
           (select v.nspname::text
            from pg_catalog.pg_extension as e join pg_catalog.pg_namespace as v on v.oid = e.extnamespace
            where e.extname = 'vector' and not has_schema_privilege(o.oid, v.oid, 'usage')) as closed_schema
    from pg_catalog.pg_roles as o
    left join pg_catalog.pg_namespace as n on n.nspname = 'graphdb'
    where o.oid = coalesce(n.nspowner, (select u.oid from pg_catalog.pg_roles as u where u.rolname = current_user))";

/// Tables, views and functions of schema `graphdb` in a database where trailblazer is not installed.
const FOREIGN: &str = "
    select pg_catalog.string_agg(o.name, ', ' order by o.name)
    from (select c.relname::text as name
          from pg_catalog.pg_class as c
          where c.relnamespace = pg_catalog.to_regnamespace('graphdb') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
          union
          select p.proname::text
          from pg_catalog.pg_proc as p
          where p.pronamespace = pg_catalog.to_regnamespace('graphdb')
            and not exists (select from pg_catalog.pg_depend as d
                            where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
         ) as o
    where pg_catalog.to_regclass('graphdb.schema_migrations') is null";

/// Objects that a restore would drop besides the objects of trailblazer: other tables and views of schema `graphdb`,
/// and views of other schemas that use it. A restore replaces the whole database of the private server ($2).
const DROPPED: &str = "
    select pg_catalog.string_agg(distinct pg_catalog.format('%I.%I', n.nspname, c.relname), ', ')
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
      and not exists (select from pg_catalog.pg_depend as d
                      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
      and case
            when n.nspname = 'graphdb' then
              c.relname::text <> all ($1) and not exists (select from graphdb.schema_functions as f where f.name = c.relname::text)
            else $2 or exists (
              select
              from pg_catalog.pg_rewrite as r
              join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
              left join pg_catalog.pg_class as t
                on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and t.oid = d.refobjid
              left join pg_catalog.pg_proc as p
                on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.refobjid
              where r.ev_class = c.oid
                and coalesce(t.relnamespace, p.pronamespace) = pg_catalog.to_regnamespace('graphdb'))
          end";

/// Rejects a database in which the schema cannot work or cannot be installed. The error contains the cause.
pub fn refuse(client: &mut impl GenericClient) -> Result<()> {
    let Some(row) = client.query_opt(LACKING, &[])? else { return Ok(()) };
    let (owner, database): (String, String) = (row.get(0), row.get(1));
    let refused = |message: String, hint: String| Err(Error::NotReady { message, hint });
    if row.get("ignores_keys") {
        return refused(
            "the server does not enforce foreign keys in this session, because session_replication_role is replica"
                .into(),
            format!(
                "As a superuser: alter database \"{database}\" reset session_replication_role. The role or the server may also set it."
            ),
        );
    }
    if row.get("lacks_create") {
        return refused(
            format!("role {owner} may not create a schema in database {database}"),
            format!("As the owner of the database: grant create on database \"{database}\" to \"{owner}\""),
        );
    }
    if row.get("lacks_temporary") {
        return refused(
            format!("role {owner}, who owns the schema, may not create temporary tables in database {database}"),
            format!("As the owner of the database: grant temporary on database \"{database}\" to \"{owner}\""),
        );
    }
    if let Some(schema) = row.get::<_, Option<String>>("closed_schema") {
        return refused(
            format!("role {owner}, who owns the schema, may not use schema {schema}, which contains pgvector"),
            format!("As the owner of that schema: grant usage on schema \"{schema}\" to \"{owner}\""),
        );
    }
    Ok(())
}

/// Rejects a schema `graphdb` that contains tables, views or functions of another program.
pub fn refuse_foreign_objects(client: &mut impl GenericClient) -> Result<()> {
    match client.query_one(FOREIGN, &[])?.get::<_, Option<String>>(0) {
        None => Ok(()),
        Some(objects) => Err(Error::NotReady {
            message: format!("schema graphdb contains objects that trailblazer did not create: {objects}"),
            hint: "Use another database, or rename that schema: alter schema graphdb rename to …".into(),
        }),
    }
}

/// Rejects a restore that would drop tables or views of the user. The schema must be installed.
pub(super) fn refuse_to_drop(client: &mut impl GenericClient, is_private: bool) -> Result<()> {
    match client.query_one(DROPPED, &[&install::tables(), &is_private])?.get::<_, Option<String>>(0) {
        None => Ok(()),
        Some(objects) => Err(Error::NotReady {
            message: format!("a restore would drop objects that trailblazer did not create: {objects}"),
            hint: "Save their definitions and data, drop them, and create them again after the restore.".into(),
        }),
    }
}

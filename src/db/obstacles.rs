//! Detects problems that prevent the schema from working or from being installed, and says who can solve them.

use postgres::GenericClient;

use crate::error::{Error, Result};

/// Missing rights of the owner of the schema. Its functions run with the owner's rights.
/// Before the installation, the current user is the future owner.
///
/// `pg_temp` contains the staging tables. The functions use types and operators in pgvector's schema.
const LACKING: &str = "
    select o.rolname::text, current_database()::text,
           not has_database_privilege(o.oid, current_database(), 'temporary') as lacks_temporary,
           n.oid is null and not has_database_privilege(o.oid, current_database(), 'create') as lacks_create,
           (select v.nspname::text
            from pg_catalog.pg_extension as e join pg_catalog.pg_namespace as v on v.oid = e.extnamespace
            where e.extname = 'vector' and not has_schema_privilege(o.oid, v.oid, 'usage')) as closed_schema
    from pg_catalog.pg_roles as o
    left join pg_catalog.pg_namespace as n on n.nspname = 'graphdb'
    where o.oid = coalesce(n.nspowner, (select u.oid from pg_catalog.pg_roles as u where u.rolname = current_user))";

/// Tables and views of schema `graphdb` in a database where trailblazer is not installed.
const FOREIGN: &str = "
    select pg_catalog.string_agg(c.relname::text, ', ' order by c.relname)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = 'graphdb' and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and pg_catalog.to_regclass('graphdb.schema_migrations') is null";

/// Rejects a database in which the schema cannot work or cannot be installed. The error contains the cause.
pub fn refuse(client: &mut impl GenericClient) -> Result<()> {
    let Some(row) = client.query_opt(LACKING, &[])? else { return Ok(()) };
    let (owner, database): (String, String) = (row.get(0), row.get(1));
    let refused = |message: String, hint: String| Err(Error::NotReady { message, hint });
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

/// Rejects a schema `graphdb` that contains tables of another program.
pub(super) fn refuse_foreign_tables(client: &mut impl GenericClient) -> Result<()> {
    match client.query_one(FOREIGN, &[])?.get::<_, Option<String>>(0) {
        None => Ok(()),
        Some(tables) => Err(Error::NotReady {
            message: format!("schema graphdb contains tables that trailblazer did not create: {tables}"),
            hint: "Use another database, or rename that schema: alter schema graphdb rename to …".into(),
        }),
    }
}

//! Rights of roles.

use postgres::GenericClient;

use crate::error::Result;

/// `graphdb.grant_role`
pub fn grant_role(
    client: &mut impl GenericClient,
    role: &str,
    kind: &str,
    principals: &[String],
    reads_all: bool,
) -> Result<()> {
    client.execute("select graphdb.grant_role($1, $2, $3, $4)", &[&role, &kind, &principals, &reads_all])?;
    Ok(())
}

//! Writes vectors into the database.

use std::collections::HashSet;

use pgvector::Vector;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, Statement};

use crate::error::{Error, Result};
use crate::ids::ClaimToken;

/// Writes vectors of one model under a claim, on one connection.
///
/// The owner of the table copies vectors directly into the table while the claim is locked.
/// COPY fails if another process has stored a vector for the same text at the same time.
/// In that case, and for all other roles, `graphdb.store_embeddings` writes the vectors.
pub struct EmbeddingStore {
    call: Statement,
    copy: Option<TableCopy>,
    model: String,
}

impl EmbeddingStore {
    /// Prepares the store for a registered model.
    pub fn prepare(client: &mut Client, model: &str) -> Result<Self> {
        let call = client.prepare("select graphdb.store_embeddings($1, $2, $3, $4)")?;
        Ok(Self { call, copy: TableCopy::prepare(client, model)?, model: model.to_owned() })
    }

    /// Stores vectors with the hashes of their texts in one transaction. A text that already has a vector keeps it.
    pub fn store(&self, client: &mut Client, token: ClaimToken, vectors: Vec<(&[u8], Vec<f32>)>) -> Result<()> {
        let mut rows: Vec<(&[u8], Vector)> =
            vectors.into_iter().map(|(hash, vector)| (hash, Vector::from(vector))).collect();
        // All batches use the same order. Otherwise, two batches with common texts could deadlock.
        rows.sort_unstable_by_key(|(hash, _)| *hash);
        if let Some(copy) = &self.copy {
            match copy.run(client, token, &rows) {
                Err(Error::Database(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {}
                outcome => return outcome,
            }
        }
        let (hashes, vectors): (Vec<&[u8]>, Vec<Vector>) = rows.into_iter().unzip();
        client.query_one(&self.call, &[&token.0, &self.model, &hashes, &vectors])?;
        Ok(())
    }
}

/// COPY into the table, for roles that may insert into it.
struct TableCopy {
    lock_claim: Statement,
    restricted: Statement,
    into_table: Statement,
    types: Vec<Type>,
    model_id: i32,
}

impl TableCopy {
    fn prepare(client: &mut Client, model: &str) -> Result<Option<Self>> {
        let is_allowed = "select has_table_privilege('graphdb.embeddings', 'insert') \
                          and has_function_privilege('graphdb._lock_embedding_claim(bigint)', 'execute') \
                          and has_function_privilege('graphdb._restricted_inputs(bytea[])', 'execute')";
        if !client.query_one(is_allowed, &[])?.get::<_, bool>(0) {
            return Ok(None);
        }
        let lock_claim = client.prepare("select graphdb._lock_embedding_claim($1)")?;
        let restricted = client.prepare("select i from graphdb._restricted_inputs($1) as i")?;
        let into_table = client.prepare(
            "copy graphdb.embeddings (model_id, input_sha256, embedding, is_restricted) from stdin (format binary)",
        )?;
        let columns = client
            .prepare("select e.model_id, e.input_sha256, e.embedding, e.is_restricted from graphdb.embeddings as e")?;
        let types = columns.columns().iter().map(|column| column.type_().clone()).collect();
        let model_id = client.query_one("select m.model_id from graphdb._model($1) as m", &[&model])?.get(0);
        Ok(Some(Self { lock_claim, restricted, into_table, types, model_id }))
    }

    fn run(&self, client: &mut Client, token: ClaimToken, rows: &[(&[u8], Vector)]) -> Result<()> {
        let mut transaction = client.transaction()?;
        transaction.execute(&self.lock_claim, &[&token.0])?;
        let hashes: Vec<&[u8]> = rows.iter().map(|(hash, _)| *hash).collect();
        let restricted: HashSet<Vec<u8>> =
            transaction.query(&self.restricted, &[&hashes])?.iter().map(|row| row.get(0)).collect();
        let mut writer = BinaryCopyInWriter::new(transaction.copy_in(&self.into_table)?, &self.types);
        for (hash, vector) in rows {
            writer.write(&[&self.model_id, hash, vector, &restricted.contains(*hash)])?;
        }
        writer.finish()?;
        Ok(transaction.commit()?)
    }
}

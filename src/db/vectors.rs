//! Vectors into the database.

use pgvector::Vector;
use postgres::{Client, Statement};

use crate::error::Result;
use crate::ids::ClaimToken;

/// `graphdb.store_embeddings`, prepared on one connection. Its arrays go in binary form and straight into the table: over a
/// staging table, as COPY needs it for the fence to be checked, it takes twice the time.
pub struct EmbeddingStore(Statement);

impl EmbeddingStore {
    /// Prepares it.
    pub fn prepare(client: &mut Client) -> Result<Self> {
        Ok(Self(client.prepare("select graphdb.store_embeddings($1, $2, $3, $4)")?))
    }

    /// Stores vectors, each with the hash of its text, under the claim in one transaction, and returns how many texts had
    /// none before.
    pub fn store(
        &self,
        client: &mut Client,
        token: ClaimToken,
        model: &str,
        vectors: Vec<(&[u8], Vec<f32>)>,
    ) -> Result<i32> {
        let (hashes, vectors): (Vec<&[u8]>, Vec<Vector>) =
            vectors.into_iter().map(|(hash, vector)| (hash, Vector::from(vector))).unzip();
        Ok(client.query_one(&self.0, &[&token.0, &model, &hashes, &vectors])?.get(0))
    }
}

//! Extracts the text of PDF files.

/// Returns the text of a `.pdf` with the lines of its pages, and blank lines between paragraphs.
pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    let text = pdf_extract::extract_text_from_mem(bytes).map_err(|error| match error {
        pdf_extract::OutputError::PdfError(pdf_extract::Error::Decryption(_)) => "it is encrypted".to_owned(),
        error => format!("no readable PDF: {error}"),
    })?;
    if text.trim().is_empty() { Err("it contains no text; it may be a scan".to_owned()) } else { Ok(text) }
}

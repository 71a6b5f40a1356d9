//! Finds the pages that a macro selects by labels and spaces or by a CQL query.

use super::super::convert::Converter;
use super::super::library::{Kind, PageRef, fold};
use super::Call;

/// Maximum depth of nested conditions.
const MAX_DEPTH: usize = 16;

/// A condition on pages.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Label(String),
    /// A space, by its key.
    Space(String),
    Blog(bool),
    /// A descendant of the page with this content id.
    Below(String),
    /// A child of the page with this content id.
    ChildOf(String),
    TitleHas(String),
    Title(String),
}

/// Returns the numbers of the pages that `call` selects, or `None` if the query needs data that the input does not contain.
pub(super) fn pages(cx: &mut Converter<'_>, call: &Call<'_>) -> Option<Vec<usize>> {
    let condition = match call.parameter("cql") {
        Some(cql) => parse(cql, cx.page)?,
        None => of_parameters(call, cx.page)?,
    };
    let found: Vec<usize> = cx
        .library
        .documents()
        .filter(|(index, page)| page.site == cx.page.site && holds(cx, &condition, *index, page))
        .map(|(index, _)| index)
        .collect();
    let (shown, hidden): (Vec<usize>, Vec<usize>) =
        found.into_iter().partition(|index| cx.library.may_show(cx.document, *index));
    if !hidden.is_empty() {
        cx.count("list:restricted");
    }
    Some(shown)
}

fn holds(cx: &Converter<'_>, condition: &Condition, index: usize, page: &PageRef) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|one| holds(cx, one, index, page)),
        Condition::Any(any) => any.iter().any(|one| holds(cx, one, index, page)),
        Condition::Not(not) => !holds(cx, not, index, page),
        Condition::Label(label) => page.labels.iter().any(|known| known.eq_ignore_ascii_case(label)),
        Condition::Space(key) => page.space_key.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(key)),
        Condition::Blog(blog) => (page.kind == Kind::Blog) == *blog,
        Condition::Below(id) => cx.library.index_of(id, cx.page).is_some_and(|above| cx.library.is_below(index, above)),
        Condition::ChildOf(id) => {
            cx.library.index_of(id, cx.page).is_some_and(|above| cx.library.parent(index) == Some(above))
        }
        Condition::TitleHas(words) => fold(&page.title).contains(&fold(words.trim_matches('*'))),
        Condition::Title(title) => fold(&page.title) == fold(title),
    }
}

/// Reads the labels and spaces of macros that do not use CQL.
fn of_parameters(call: &Call<'_>, page: &PageRef) -> Option<Condition> {
    let list = |names: &[&str]| -> Vec<String> {
        let value = call.any(names).unwrap_or_default();
        value.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let labels = list(&["labels", "label"]);
    if labels.is_empty() {
        return None;
    }
    let all_of = call.parameter("operator").is_some_and(|operator| operator.eq_ignore_ascii_case("and"));
    let (mut required, mut wanted) = (Vec::new(), Vec::new());
    for label in labels {
        match label.split_at_checked(1) {
            Some(("-", label)) => required.push(Condition::Not(Box::new(Condition::Label(label.to_owned())))),
            Some(("+", label)) => required.push(Condition::Label(label.to_owned())),
            _ => wanted.push(Condition::Label(label)),
        }
    }
    if !wanted.is_empty() {
        required.push(if all_of { Condition::All(wanted) } else { Condition::Any(wanted) });
    }
    let spaces = list(&["spaces", "space", "key"]);
    let spaces = if spaces.is_empty() { vec!["@self".to_owned()] } else { spaces };
    if !spaces.iter().any(|space| space == "@all") {
        let key = |space: String| if space.starts_with('@') { page.space_key.clone() } else { Some(space) };
        let keys: Vec<Condition> = spaces.into_iter().filter_map(key).map(Condition::Space).collect();
        required.extend((!keys.is_empty()).then_some(Condition::Any(keys)));
    }
    Some(Condition::All(required))
}

/// Parses a query. Returns `None` if it uses an unsupported feature.
fn parse(cql: &str, page: &PageRef) -> Option<Condition> {
    let mut tokens = tokens(cql)?;
    if let Some(order) = tokens.iter().position(|token| token.eq_ignore_ascii_case("order")) {
        tokens.truncate(order);
    }
    let mut parser = Parser { tokens: &tokens, at: 0, page };
    let condition = parser.any(0)?;
    (parser.at == tokens.len()).then_some(condition)
}

/// Splits a query into words, quoted strings and punctuation. A quoted string begins with a quotation mark.
fn tokens(cql: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = cql.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest.get(1..)?.find(first)? + 2,
            '(' | ')' | ',' | '~' | '=' => 1,
            '!' => rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at),
            _ => rest.find(|c: char| c.is_whitespace() || "()=,!~\"'".contains(c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at_checked(end.max(1))?;
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Some(tokens)
}

struct Parser<'t> {
    tokens: &'t [String],
    at: usize,
    page: &'t PageRef,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&str> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self, depth: usize) -> Option<Condition> {
        let mut any = vec![self.all(depth)?];
        while self.takes("or") {
            any.push(self.all(depth)?);
        }
        Some(if any.len() == 1 { any.pop()? } else { Condition::Any(any) })
    }

    fn all(&mut self, depth: usize) -> Option<Condition> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Some(if all.len() == 1 { all.pop()? } else { Condition::All(all) })
    }

    fn one(&mut self, depth: usize) -> Option<Condition> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.takes("not") {
            return Some(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return self.takes(")").then_some(inner);
        }
        let field = self.next()?.to_ascii_lowercase();
        let negated = self.takes("not");
        let operator = self.next()?.to_ascii_lowercase();
        let values = match operator.as_str() {
            "=" | "!=" | "~" => vec![self.value()?],
            "in" => self.values()?,
            _ => return None,
        };
        let conditions =
            values.into_iter().map(|value| condition(&field, &operator, value)).collect::<Option<Vec<_>>>()?;
        let any = Condition::Any(conditions);
        Some(if negated || operator == "!=" { Condition::Not(Box::new(any)) } else { any })
    }

    fn values(&mut self) -> Option<Vec<String>> {
        if !self.takes("(") {
            return None;
        }
        let mut values = vec![self.value()?];
        while self.takes(",") {
            values.push(self.value()?);
        }
        self.takes(")").then_some(values)
    }

    /// Reads a value. Functions such as the current space are replaced with their value for the current page.
    fn value(&mut self) -> Option<String> {
        let token = self.next()?.to_owned();
        if let Some(quoted) = token.strip_prefix(['"', '\'']) {
            return quoted.get(..quoted.len().checked_sub(1)?).map(str::to_owned);
        }
        if !self.takes("(") {
            return Some(token);
        }
        if !self.takes(")") {
            return None;
        }
        match token.to_ascii_lowercase().as_str() {
            "currentspace" => self.page.space_key.clone(),
            "currentcontent" => Some(self.page.content_id.clone()),
            _ => None,
        }
    }
}

fn condition(field: &str, operator: &str, value: String) -> Option<Condition> {
    let is_like = operator == "~";
    Some(match field {
        "label" if !is_like => Condition::Label(value),
        "space" | "space.key" if !is_like => Condition::Space(value),
        "type" if value.eq_ignore_ascii_case("page") => Condition::Blog(false),
        "type" if value.eq_ignore_ascii_case("blogpost") => Condition::Blog(true),
        "ancestor" if !is_like => Condition::Below(value),
        "parent" if !is_like => Condition::ChildOf(value),
        "title" if is_like => Condition::TitleHas(value),
        "title" => Condition::Title(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::library::PageRef;
    use super::{Condition, parse};

    fn parsed(cql: &str) -> Option<Condition> {
        let page = PageRef { space_key: Some("OPS".to_owned()), content_id: "7".to_owned(), ..PageRef::default() };
        parse(cql, &page)
    }

    fn label(name: &str) -> Condition {
        Condition::Any(vec![Condition::Label(name.to_owned())])
    }

    #[test]
    fn queries_of_labels_and_spaces_are_read() {
        let space = Condition::Any(vec![Condition::Space("OPS".to_owned())]);
        let expected = Condition::All(vec![label("how to"), space.clone()]);
        assert_eq!(parsed("label = \"how to\" and space = currentSpace() order by title"), Some(expected));
        let both = Condition::Any(vec![Condition::Label("a".to_owned()), Condition::Label("b".to_owned())]);
        let not = Condition::Not(Box::new(label("c")));
        assert_eq!(
            parsed("(label in (a,'b') or label != c) AND space=OPS"),
            Some(Condition::All(vec![Condition::Any(vec![both, not]), space]))
        );
        assert_eq!(parsed("ancestor = currentContent()"), Some(Condition::Any(vec![Condition::Below("7".to_owned())])));
    }

    #[test]
    fn what_the_input_cannot_answer_is_refused() {
        for cql in [
            "creator = currentUser()",
            "label =",
            "label = a and",
            "lastmodified > now(\"-4w\")",
            "text ~ x",
            "(label = a",
            "\"",
        ] {
            assert_eq!(parsed(cql), None, "{cql}");
        }
    }
}

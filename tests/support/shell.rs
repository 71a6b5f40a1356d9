//! Reads shell scripts.

/// Returns the simple commands of a shell script, as words. Redirections and comments are left out. Commands in a substitution are
/// separate commands.
pub fn commands(script: &str) -> Vec<Vec<String>> {
    let script = script.replace("\\\n", " ").replace("\"$(", "(").replace(")\"", ")").replace("<(", "(");
    let mut all = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while characters.next_if(|next| *next != '\n').is_some() {},
            (None, ' ' | '\t' | '\n' | '|' | '&' | ';' | '(' | ')') => {
                all.last_mut().unwrap().extend(word.take());
                if !matches!(character, ' ' | '\t') {
                    all.push(Vec::new());
                }
            }
            (None, '>' | '<') => {
                // The redirected number before the sign, and the file after it.
                word.take_if(|word| word.chars().all(|c| c.is_ascii_digit()));
                all.last_mut().unwrap().extend(word.take());
                while characters.next_if(|next| matches!(next, '>' | '&' | ' ')).is_some() {}
                while characters.next_if(|next| !next.is_whitespace()).is_some() {}
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    all.last_mut().unwrap().extend(word);
    for command in &mut all {
        let is_assignment =
            |word: &String| word.split_once('=').is_some_and(|(name, _)| !name.contains(['-', ' ', '.']));
        let leading = command.iter().take_while(|word| is_assignment(word)).count();
        command.drain(..leading);
    }
    all.retain(|command| !command.is_empty());
    all
}

#[test]
fn a_script_is_read_as_a_shell_reads_it() {
    let script = "A=1 b 'c d' \"e # f\" # g\nh --i=j >k 2>>l | m && n \\\n  o; p <(q r) \"$(s t)\" < u\n";
    let words: Vec<String> = commands(script).iter().map(|command| command.join("·")).collect();
    assert_eq!(words, ["b·c d·e # f", "h·--i=j", "m", "n·o", "p", "q·r", "s·t"]);
}

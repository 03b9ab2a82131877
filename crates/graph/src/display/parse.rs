//! Reads the text form back. A text is hostile until parsed: whatever it says, the answer is a graph that verifies, or the line that is wrong.

use crate::dtype::DType;
use crate::error::Error;
use crate::graph::{Graph, Type, ValueId};
use crate::op::{self, Attrs, Body, Kind};
use crate::ops::source;
use std::collections::HashMap;
use std::rc::Rc;

/// Bodies inside bodies, at most.
const DEPTH: usize = 16;
/// Words of all constants together, at most: a short text may say `0*4000000000`.
const WORDS: usize = 1 << 24;

/// The graph that a text describes, and the values that it returns.
///
/// Its values get the numbers of their lines: `text(parse(t)) == t` for every `t` that `text` made. Equal lines become one node.
pub fn parse(text: &str) -> Result<(Graph, Vec<ValueId>), Error> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let mut parser = Parser { lines, at: 0, words: 0 };
    let parsed = parser.graph(0)?;
    match parser.next() {
        None => Ok(parsed),
        Some((line, _)) => Err(wrong(line, "there is text after the last return")),
    }
}

fn wrong(line: usize, what: impl Into<String>) -> Error {
    Error::Parse {
        line,
        what: what.into(),
    }
}

struct Parser<'a> {
    lines: Vec<(usize, &'a str)>,
    at: usize,
    /// Words of constants so far.
    words: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let line = self.lines.get(self.at).copied();
        self.at += 1;
        line
    }
    fn last_line(&self) -> usize {
        self.lines.last().map_or(1, |l| l.0)
    }

    /// Node lines up to a `return`.
    fn graph(&mut self, depth: usize) -> Result<(Graph, Vec<ValueId>), Error> {
        self.graph_with(depth).map(|(graph, _, outputs)| (graph, outputs))
    }

    fn graph_with(&mut self, depth: usize) -> Result<(Graph, Names<'a>, Vec<ValueId>), Error> {
        let (graph, mut names) = (Graph::new(), Names(HashMap::new()));
        loop {
            let Some((at, line)) = self.next() else {
                return Err(wrong(self.last_line(), "a return is missing"));
            };
            if let Some(rest) = keyword(line, "return") {
                let outputs = names.list(at, rest)?;
                return Ok((graph, names, outputs));
            }
            self.node(at, line, &graph, &mut names, depth)?;
        }
    }

    fn node(
        &mut self,
        at: usize,
        line: &'a str,
        graph: &Graph,
        names: &mut Names<'a>,
        depth: usize,
    ) -> Result<(), Error> {
        let (line, path) = line.split_once('#').map_or((line, ""), |(l, p)| (l, p.trim()));
        let (results, call) = line
            .split_once('=')
            .ok_or_else(|| wrong(at, "neither a node (%0: f32[] = …) nor a return"))?;
        let results = declared(at, results)?;
        let mut words = Cursor(call);
        let name = words.word();
        let op = op::find(name).ok_or_else(|| wrong(at, format!("there is no op {name:?}")))?;
        let (mut inputs, mut attrs) = (vec![], Attrs::default());
        while let Some(name) = words.value() {
            inputs.push(names.find(at, name)?);
        }
        if let Some(ints) = words.between(at, '{', '}')? {
            // the boundary to JavaScript carries 32 bits, and sums of a few such sizes cannot overflow
            attrs.ints = numbers(at, ints, ',', |t| t.parse::<i32>().ok().map(i64::from))?;
        }
        if let Some(floats) = words.between(at, '(', ')')? {
            attrs.floats = numbers(at, floats, ',', |t| word(t, DType::F32).map(f32::from_bits))?;
        }
        if let Some(contents) = words.between(at, '<', '>')? {
            attrs.words = Some(self.runs(at, contents, results[0].1.dtype)?.into());
        }
        if !words.0.trim().is_empty() {
            return Err(wrong(at, format!("{:?} does not belong here", words.0.trim())));
        }
        if op.kind == Kind::Loop {
            attrs.body = Some(self.body(at, depth)?);
        }
        graph.set_path(path);
        let node = graph.emit(op, &inputs, attrs).map_err(|e| wrong(at, e.to_string()))?;
        let nodes = graph.nodes();
        let node = nodes.node(node);
        let types: Vec<&Type> = node.results().map(|v| nodes.ty(v)).collect();
        if types.len() != results.len() || types.iter().zip(&results).any(|(a, b)| **a != b.1) {
            return Err(wrong(at, format!("the results of {} are {types:?}", op.name)));
        }
        for ((name, _), v) in results.iter().zip(node.results()) {
            if names.0.insert(name, v).is_some() {
                return Err(wrong(at, format!("{name} is defined twice")));
            }
        }
        Ok(())
    }

    /// `body %0, %1` and its graph.
    fn body(&mut self, at: usize, depth: usize) -> Result<Rc<Body>, Error> {
        if depth == DEPTH {
            return Err(wrong(at, format!("loops are nested more than {DEPTH} deep")));
        }
        let head = self.next().and_then(|(at, line)| Some((at, keyword(line, "body")?)));
        let (at, inputs) = head.ok_or_else(|| wrong(at, "a loop is followed by the line body %…"))?;
        let (graph, names, outputs) = self.graph_with(depth + 1)?;
        let inputs = names.list(at, inputs)?;
        {
            let nodes = graph.nodes();
            let sources = nodes.nodes.iter().filter(|n| n.op.name == source::INPUT.name);
            let mut given = 0;
            for node in sources {
                let index = node.attrs.ints[0] as usize;
                if inputs.get(index) != Some(&node.first) {
                    return Err(wrong(
                        at,
                        format!("input {index} of the body is not its value number {index}"),
                    ));
                }
                given += 1;
            }
            if given != inputs.len() {
                return Err(wrong(at, "a body takes its input nodes, in the order of their numbers"));
            }
        }
        Ok(graph.into_body(inputs, outputs))
    }

    /// `0.5 1.0*3`
    fn runs(&mut self, at: usize, text: &str, dtype: DType) -> Result<Vec<u32>, Error> {
        let mut words = vec![];
        for item in text.split_whitespace() {
            if item == "…" {
                return Err(wrong(at, "the contents of a constant were left out of this text"));
            }
            let (number, times) = item.split_once('*').unwrap_or((item, "1"));
            let parsed = word(number, dtype).zip(times.parse::<usize>().ok());
            let (word, times) = parsed.ok_or_else(|| wrong(at, format!("{item:?} is not a number that fits")))?;
            if times > WORDS - self.words {
                return Err(wrong(at, "a constant is too long"));
            }
            self.words += times;
            words.extend(std::iter::repeat_n(word, times));
        }
        Ok(words)
    }
}

/// The rest of a line that begins with a word.
fn keyword<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix(word)
        .filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

struct Names<'a>(HashMap<&'a str, ValueId>);

impl Names<'_> {
    fn find(&self, at: usize, name: &str) -> Result<ValueId, Error> {
        self.0
            .get(name)
            .copied()
            .ok_or_else(|| wrong(at, format!("{name} is not defined above")))
    }
    /// `%1, %2`
    fn list(&self, at: usize, text: &str) -> Result<Vec<ValueId>, Error> {
        if text.trim().is_empty() {
            return Ok(vec![]);
        }
        text.split(',').map(|name| self.find(at, name.trim())).collect()
    }
}

/// `%0: f32[2,3], %1: i32[]`; the commas between sizes are not those between results.
fn declared(at: usize, text: &str) -> Result<Vec<(&str, Type)>, Error> {
    let mut rest = text.trim();
    let mut out = vec![];
    loop {
        let (name, ty, after) = result(rest).ok_or_else(|| wrong(at, "results are written %0: f32[2,3]"))?;
        out.push((name, ty));
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None if after.is_empty() => return Ok(out),
            None => return Err(wrong(at, format!("{after:?} does not belong here"))),
        }
    }
}

/// The first result of a list, and what follows it.
fn result(text: &str) -> Option<(&str, Type, &str)> {
    let (name, after) = text.split_once(':')?;
    let (dtype, after) = after.split_once('[')?;
    let (sizes, after) = after.split_once(']')?;
    let dtype = DType::ALL.into_iter().find(|d| d.name() == dtype.trim())?;
    let sizes = if sizes.trim().is_empty() {
        Some(vec![])
    } else {
        sizes.split(',').map(|n| n.trim().parse().ok()).collect()
    };
    let name = name.trim();
    is_value(name).then_some((name, Type::new(sizes?, dtype), after.trim()))
}

fn is_value(name: &str) -> bool {
    name.strip_prefix('%')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// What is left of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn word(&mut self) -> &'a str {
        let text = self.0.trim_start();
        let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        self.0 = rest;
        word
    }
    fn value(&mut self) -> Option<&'a str> {
        let before = self.0;
        let word = self.word();
        if is_value(word) {
            return Some(word);
        }
        self.0 = before;
        None
    }
    fn between(&mut self, at: usize, open: char, close: char) -> Result<Option<&'a str>, Error> {
        let Some(rest) = self.0.trim_start().strip_prefix(open) else {
            return Ok(None);
        };
        let (inside, rest) = rest
            .split_once(close)
            .ok_or_else(|| wrong(at, format!("a {close} is missing")))?;
        self.0 = rest;
        Ok(Some(inside.trim()))
    }
}

fn numbers<T>(at: usize, text: &str, between: char, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
    let one = |t: &str| parse(t.trim()).ok_or_else(|| wrong(at, format!("{:?} is not a number that fits", t.trim())));
    text.split(between).map(one).collect()
}

/// The word of a number of this type.
fn word(text: &str, dtype: DType) -> Option<u32> {
    match dtype {
        DType::F32 => match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => text.parse::<f32>().ok().map(f32::to_bits),
        },
        DType::I32 => text.parse::<i32>().ok().map(|i| i as u32),
        DType::U32 => text.parse().ok(),
        DType::Bool => text.parse().ok().filter(|&w| w <= 1),
    }
}

//! Answers for tests in other languages: evaluates a graph in f64, or checks its gradients against central differences.
//!
//! Reads requests from standard input, a line each, and answers each request with one line:
//! ```text
//! graph                        the text form follows, up to its return line (no answer)
//! input 0 1.5 2.0*3 -1e-3      what input 0 holds, row-major; x*n stands for n equal numbers (no answer)
//! state 7 0.5                  what state 7 holds (no answer)
//! grad 0 input 0 1 state 7 2   is output 1 the gradient of the scalar output 0 by input 0, and output 2 that by state 7?
//! eval                         all outputs
//! ```
//! `grad` answers `ok worst=1.2e-9` or `fail …` with what differs, `eval` answers `ok f32[2] 1.0 2.0; i32[] 3`. What is wrong with a
//! request itself is `error line 3: …`. A later `graph` starts anew; values stay until they are given again.

use keratin_graph::reference::differences::{Source, check};
use keratin_graph::reference::{Tensors, array, evaluate};
use keratin_graph::{Graph, Kind, ValueId, display};
use std::collections::HashMap;
use std::io::Read;
use std::process::ExitCode;

/// Values of one request's line, at most: `0*99999999999` is a short line.
const VALUES: usize = 1 << 28;

fn main() -> ExitCode {
    let mut text = String::new();
    if let Err(e) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("the requests are not text: {e}");
        return ExitCode::FAILURE;
    }
    match Session::default().run(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err((line, what)) => {
            println!("error line {line}: {what}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Session {
    graph: Option<(Graph, Vec<ValueId>)>,
    /// By kind of source and number, row-major.
    values: HashMap<(String, usize), Vec<f64>>,
}

impl Session {
    fn run(&mut self, text: &str) -> Result<(), (usize, String)> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let mut at = 0;
        while at < lines.len() {
            let (from, line) = (at, lines[at]);
            at += 1;
            let located = |what| (from + 1, what);
            let mut words = line.split_whitespace();
            match words.next() {
                None => {}
                Some("graph") => {
                    // bodies of loops have returns of their own
                    let mut open = 1;
                    while open > 0 {
                        let line = lines.get(at).ok_or_else(|| located("the graph has no return".into()))?;
                        open += (line.starts_with("body")) as usize;
                        open -= (line.starts_with("return")) as usize;
                        at += 1;
                    }
                    self.graph =
                        Some(display::parse(&lines[from + 1..at].join("\n")).map_err(|e| located(e.to_string()))?);
                }
                Some(kind @ ("input" | "state")) => {
                    let number = number(words.next()).map_err(located)?;
                    let values = parse(words).map_err(located)?;
                    self.values.insert((kind.into(), number), values);
                }
                Some("eval") => println!("{}", self.eval().map_err(located)?),
                Some("grad") => println!("{}", self.grad(words).map_err(located)?),
                Some(other) => return Err(located(format!("there is no request {other:?}"))),
            }
        }
        Ok(())
    }

    fn graph(&self) -> Result<&(Graph, Vec<ValueId>), String> {
        self.graph.as_ref().ok_or_else(|| "a graph must come first".into())
    }

    /// Values of the graph's inputs and states, each in its shape. Loops' bodies read states of the outer graph alone.
    fn tensors(&self) -> Result<(Tensors, Tensors), String> {
        let nodes = self.graph()?.0.nodes();
        let (mut inputs, mut states) = (Tensors::new(), Tensors::new());
        for node in nodes
            .nodes
            .iter()
            .filter(|n| n.op.kind == Kind::Source && n.attrs.words.is_none())
        {
            let (name, number, ty) = (node.op.name, node.attrs.ints[0] as usize, nodes.ty(node.first));
            let found = self
                .values
                .get(&(name.to_string(), number))
                .ok_or_else(|| format!("{name} {number} has no value"))?;
            if found.len() != ty.numel() {
                return Err(format!(
                    "{name} {number} has {} values, its shape is {:?}",
                    found.len(),
                    ty.shape
                ));
            }
            let into = if name == "input" { &mut inputs } else { &mut states };
            into.insert(number, array(&ty.shape, found.clone()));
        }
        Ok((inputs, states))
    }

    fn eval(&self) -> Result<String, String> {
        let (inputs, states) = self.tensors()?;
        let (graph, outputs) = self.graph()?;
        let nodes = graph.nodes();
        let results = evaluate(&nodes, &inputs, &states, outputs);
        let show = |(&v, x): (&ValueId, &ndarray::ArrayD<f64>)| {
            let values: String = x.iter().map(|x| format!(" {x:?}")).collect();
            format!("{}{values}", display::type_text(&nodes, v))
        };
        Ok(format!(
            "ok {}",
            outputs.iter().zip(&results).map(show).collect::<Vec<_>>().join("; ")
        ))
    }

    fn grad<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> Result<String, String> {
        let (inputs, states) = self.tensors()?;
        let (graph, outputs) = self.graph()?;
        let nodes = graph.nodes();
        let output = |k: usize| outputs.get(k).copied().ok_or_else(|| format!("there is no output {k}"));
        let y = output(number(words.next())?)?;
        if nodes.ty(y).numel() != 1 {
            return Err(format!("{} is no scalar", display::type_text(&nodes, y)));
        }
        let mut wrt = vec![];
        while let Some(kind) = words.next() {
            let (of, gradient) = (number(words.next())?, output(number(words.next())?)?);
            let (source, held) = match kind {
                "input" => (Source::Input(of), inputs.get(&of)),
                "state" => (Source::State(of), states.get(&of)),
                _ => return Err(format!("{kind:?} is neither input nor state")),
            };
            let shape = held
                .ok_or_else(|| format!("the graph has no {kind} {of}"))?
                .shape()
                .to_vec();
            if nodes.ty(gradient).shape != shape {
                return Ok(format!(
                    "fail the gradient by {kind} {of}, of shape {shape:?}, is {}",
                    display::type_text(&nodes, gradient)
                ));
            }
            wrt.push((source, gradient));
        }
        Ok(match check(&nodes, y, &wrt, &inputs, &states, 1) {
            Ok(worst) => format!("ok worst={worst:.1e}"),
            Err(what) => format!("fail {what}"),
        })
    }
}

fn number(word: Option<&str>) -> Result<usize, String> {
    word.and_then(|w| w.parse().ok()).ok_or_else(|| {
        format!(
            "{} is no number of an input, state or output",
            word.unwrap_or("nothing")
        )
    })
}

/// `1.5 2.0*3`
fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<f64>, String> {
    let mut values = vec![];
    for word in words {
        let (x, times) = word.split_once('*').unwrap_or((word, "1"));
        let parsed = x.parse::<f64>().ok().zip(times.parse::<usize>().ok());
        let (x, times) = parsed.ok_or_else(|| format!("{word:?} is no value"))?;
        if times > VALUES - values.len() {
            return Err("there are too many values".into());
        }
        values.extend(std::iter::repeat_n(x, times));
    }
    Ok(values)
}

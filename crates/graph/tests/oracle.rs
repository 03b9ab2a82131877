//! The oracle command answers as its header says.

use std::io::Write;
use std::process::{Command, Stdio};

fn ask(requests: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(requests.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// y = Σ (w·x)², its gradients by w (right) and by x (half of what it should be).
const GRAPH: &str = "graph
%0: f32[2] = input {0,0,2}
%1: f32[2] = state {7,0,2}
%2: f32[2] = multiply %0 %1
%3: f32[2] = multiply %2 %2
%4: f32[] = sum %3 {0,1}
%5: f32[2] = multiply %2 %0
%6: f32[2] = add %5 %5
%7: f32[2] = multiply %2 %1
return %4, %6, %7
input 0 1.5 -2
state 7 0.5*2
";

#[test]
fn it_evaluates_and_tells_right_gradients_from_wrong_ones() {
    let answer = ask(&format!("{GRAPH}eval\ngrad 0 state 7 1\ngrad 0 state 7 1 input 0 2\n"));
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines[0], "ok f32[] 1.5625; f32[2] 2.25 4.0; f32[2] 0.375 -0.5");
    assert!(lines[1].starts_with("ok worst="), "{answer}");
    assert!(lines[2].starts_with("fail the gradient gives"), "{answer}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn requests_that_make_no_sense_are_named_by_line() {
    for (requests, expected) in [
        ("eval", "error line 1: a graph must come first"),
        (
            "graph\n%0: f32[2] = input {0,0,2}",
            "error line 1: the graph has no return",
        ),
        ("graph\nreturn %0", "error line 1: line 1: %0 is not defined above"),
        ("\nsing", "error line 2: there is no request \"sing\""),
        ("input zero 1", "error line 1: zero is no number"),
        ("input 0 1.0*99999999999", "error line 1: there are too many values"),
        (
            &format!("{GRAPH}input 0 1\neval"),
            "error line 14: input 0 has 1 values, its shape is [2]",
        ),
        (
            &format!("{GRAPH}grad 1 input 0 1"),
            "error line 13: f32[2] is no scalar",
        ),
        (
            &format!("{GRAPH}grad 0 input 3 1"),
            "error line 13: the graph has no input 3",
        ),
        (
            &format!("{GRAPH}grad 0 input 0 9"),
            "error line 13: there is no output 9",
        ),
    ] {
        let answer = ask(requests);
        assert!(answer.starts_with(expected), "{requests:?}: {answer}");
    }
}

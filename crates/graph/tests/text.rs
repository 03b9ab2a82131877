//! The text form: what it may look like by hand, what is wrong with a wrong one, and that no text and no attribute makes the graph panic.

mod cases;

use cases::Random;
use keratin_graph::{Attrs, DType, Error, Graph, Type, ValueId, display, op, verify};

#[test]
fn a_graph_written_by_hand_is_read() {
    let text = "
        %10: f32[2,3] = input {0,0,2,3}
        %7: f32[] = constant {0} <0.5>   # scale of dense/bias
        %8: f32[2,3] = broadcast %7 {2,3}
        %9:f32[2,3]=multiply %10 %8
        return %9, %10";
    let (graph, outputs) = display::parse(text).unwrap();
    let expected = "\
%0: f32[2,3] = input {0,0,2,3}
%1: f32[] = constant {0} <0.5>                # scale of dense/bias
%2: f32[2,3] = broadcast %1 {2,3}
%3: f32[2,3] = multiply %0 %2
return %3, %0
";
    assert_eq!(display::text(&graph.nodes(), &outputs), expected);
}

#[test]
fn nodes_that_nobody_needs_leave_no_trace() {
    let g = Graph::new();
    let (x, dead) = (g.input(0, [2], DType::F32), g.input(1, [2], DType::F32));
    let y = x + x;
    let _ = dead + y;
    assert_eq!(
        display::text(&g.nodes(), &[y.id]),
        "%0: f32[2] = input {0,0,2}\n%1: f32[2] = add %0 %0\nreturn %1\n"
    );
}

#[test]
fn a_wrong_text_names_its_line() {
    let head = "%0: f32[2] = input {0,0,2}\n";
    let wrong = [
        ("", 1, "return is missing"),
        ("%0: f32[2] = input {0,0,2}", 1, "return is missing"),
        ("return %0", 1, "%0 is not defined"),
        ("nonsense", 1, "neither a node"),
        ("%0: f32[2] = inputs {0,0,2}\nreturn %0", 1, "no op \"inputs\""),
        ("%0: f64[2] = input {0,0,2}\nreturn %0", 1, "results are written"),
        ("%x: f32[2] = input {0,0,2}\nreturn %x", 1, "results are written"),
        ("%0: f32[3] = input {0,0,2}\nreturn %0", 1, "the results of input are"),
        ("%0: f32[2] = input {0,0,2\nreturn %0", 1, "a } is missing"),
        (
            "%0: f32[2] = input {0,0,99999999999}\nreturn %0",
            1,
            "not a number that fits",
        ),
        (
            "%0: f32[2] = input {0,0,2} twice\nreturn %0",
            1,
            "\"twice\" does not belong",
        ),
        ("%0: f32[2] = constant {0,2} <1.0*3>\nreturn %0", 1, "do not fill shape"),
        ("%0: f32[2] = constant {0,2} <1.0 …>\nreturn %0", 1, "left out"),
        ("%0: f32[2] = constant {0,2} <1.0*4000000000>\nreturn %0", 1, "too long"),
        (
            "%0: bool[1] = constant {3,1} <2>\nreturn %0",
            1,
            "not a number that fits",
        ),
    ];
    for (text, line, what) in wrong {
        match display::parse(text).map(|_| ()) {
            Err(Error::Parse {
                line: found,
                what: said,
            }) => assert!(found == line && said.contains(what), "{text:?}: line {found}: {said}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
    let second = [
        ("%0: f32[2] = exp %0\nreturn %0", "%0 is defined twice"),
        ("%1: f32[2] = exp %1\nreturn %1", "%1 is not defined above"),
        ("%1: f32[2] = exp %0 %0\nreturn %1", "takes 1 tensors, received 2"),
        ("%1: f32[2] = scan %0 {0,0,2,0}\nreturn %1", "followed by the line body"),
        ("return %0\nreturn %0", ""),
    ];
    for (text, what) in second {
        let error = display::parse(&format!("{head}{text}")).map(|_| ()).unwrap_err();
        assert!(
            matches!(&error, Error::Parse { line: 2 | 3, what: said } if said.contains(what)),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn a_body_must_take_its_own_inputs_in_order() {
    let scan = |body: &str| {
        format!(
            "%0: f32[] = input {{0,0}}\n%1: f32[4] = input {{1,0,4}}\n%2: f32[] = scan %0 %1 {{0,1,4,0}}\n{body}\nreturn %2"
        )
    };
    let nodes = "%0: f32[] = input {0,0}\n%1: f32[] = input {1,0}\n%2: f32[] = add %0 %1\n";
    display::parse(&scan(&format!("body %0, %1\n{nodes}return %2"))).unwrap();
    for head in ["body %1, %0", "body %0", "body %0, %2", "body %0, %1, %1", "body"] {
        let error = display::parse(&scan(&format!("{head}\n{nodes}return %2")))
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(error, Error::Parse { .. }), "{head}");
    }
}

#[test]
fn contents_beyond_256_stretches_are_left_out() {
    let g = Graph::new();
    let long = g.constant((0..257u32).collect::<Vec<_>>(), &[257], DType::I32);
    let text = display::text(&g.nodes(), &[long.id]);
    assert!(text.contains("255 …>") && text.len() < 1100, "{text}");
    assert!(matches!(display::parse(&text), Err(Error::Parse { line: 1, .. })));
}

fn snapshots() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect()
}

/// Good texts with a few characters changed: an error, or a graph that verifies and prints.
#[test]
fn hostile_texts_never_panic() {
    let texts = snapshots();
    let mut random = Random(1);
    let bits = [
        "0",
        "-1",
        "2147483647",
        "-2147483648",
        "%",
        "%0",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        ",",
        "\n",
        "#",
        "*",
        "body %0\n",
        "return %0\n",
        "é…",
        " ",
    ];
    let mut read = 0;
    for _ in 0..20_000 {
        let mut text: Vec<char> = texts[random.below(texts.len() as u64) as usize].chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len() as u64) as usize;
            let end = (at + random.below(4) as usize).min(text.len());
            let bit = bits[random.below(bits.len() as u64) as usize];
            text.splice(at..end, bit.chars());
        }
        let text: String = text.into_iter().collect();
        match display::parse(&text) {
            Ok((graph, outputs)) => {
                verify::verify(&graph.nodes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
                display::text(&graph.nodes(), &outputs);
                read += 1;
            }
            Err(Error::Parse { .. }) => {}
            Err(other) => panic!("{other} has no line\n{text}"),
        }
    }
    assert!(
        read > 100,
        "most changes should break a text, not all: {read} were read"
    );
    let deep = "%0: f32[] = scan {0,0,0,0}\nbody\n".repeat(100_000);
    assert!(matches!(display::parse(&deep), Err(Error::Parse { .. })));
}

/// Any op with any types and attributes: an error, or a graph that verifies.
#[test]
fn hostile_attributes_never_panic() {
    let mut random = Random(2);
    let ops: Vec<_> = op::table().collect();
    let sizes = [0, 1, 2, 3, 5, 1 << 28];
    let numbers = [-1, 0, 1, 2, 3, 5, 7, i32::MAX as i64, i32::MIN as i64];
    let mut emitted = 0;
    for _ in 0..100_000 {
        let g = Graph::new();
        let op = ops[random.below(ops.len() as u64) as usize];
        let count = op.arity.unwrap_or(random.below(4) as usize);
        let inputs: Vec<ValueId> = (0..count)
            .filter_map(|i| {
                let shape: Vec<i64> = (0..random.below(4)).map(|_| sizes[random.below(6) as usize]).collect();
                let dtype = random.below(4) as i64;
                let ints = [i as i64, dtype].into_iter().chain(shape);
                Some(g.first(g.emit(op::find("input").unwrap(), &[], Attrs::ints(ints)).ok()?))
            })
            .collect();
        let ints = (0..random.below(8))
            .map(|_| numbers[random.below(9) as usize])
            .collect();
        let floats = (0..random.below(4))
            .map(|_| [0.0, f32::NAN, -1.5][random.below(3) as usize])
            .collect();
        if g.emit(
            op,
            &inputs,
            Attrs {
                ints,
                floats,
                ..Default::default()
            },
        )
        .is_ok()
        {
            emitted += 1;
            verify::verify(&g.nodes()).unwrap();
        }
    }
    assert!(emitted > 10_000, "{emitted}");
}

#[test]
fn types_are_written_as_in_the_text() {
    let g = Graph::new();
    let x = g.input(0, [2, 0, 3], DType::Bool);
    assert_eq!(display::type_text(&g.nodes(), x.id), "bool[2,0,3]");
    assert_eq!(g.ty(x.id), Type::new([2, 0, 3], DType::Bool));
}

//! Re-infers every node, so that any pass can be checked after it ran.

use crate::graph::Nodes;
use crate::op::Infer;

/// What is wrong with a graph, or nothing. A finding is a bug of whoever made it.
pub fn verify(nodes: &Nodes) -> Result<(), String> {
    for (at, node) in nodes.nodes.iter().enumerate() {
        let wrong = |what: String| Err(format!("internal: node {at} ({}): {what}", node.op.name));
        if let Some(v) = node.inputs.iter().find(|v| **v >= node.first) {
            return wrong(format!("reads %{} before it is made", v.0));
        }
        let types: Vec<_> = node.inputs.iter().map(|&v| nodes.ty(v)).collect();
        match (node.op.infer)(&Infer {
            op: node.op.name,
            inputs: &types,
            attrs: &node.attrs,
        }) {
            Err(e) => return wrong(e.to_string()),
            Ok(results) => {
                let stored: Vec<_> = node.results().map(|v| nodes.ty(v).clone()).collect();
                if results != stored {
                    return wrong(format!("has types {stored:?}, its rule says {results:?}"));
                }
            }
        }
        if let Some(body) = &node.attrs.body {
            verify(&body.nodes)?;
        }
    }
    Ok(())
}

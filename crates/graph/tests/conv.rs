//! What convolutions refuse, in words for those who asked.

use keratin_graph::{Attrs, DType, Graph, op};

/// The error of a row on operands of these shapes.
fn refusal(name: &str, a: &[usize], b: &[usize], ints: &[i64]) -> String {
    let g = Graph::new();
    let inputs = [g.input(0, a, DType::F32).id, g.input(1, b, DType::F32).id];
    let before = g.nodes().nodes.len();
    let error = g.emit(op::find(name).expect(name), &inputs, Attrs::ints(ints.iter().copied()));
    assert_eq!(g.nodes().nodes.len(), before, "a refused node was added");
    error.expect_err("refused").to_string()
}

#[test]
fn a_kernel_for_other_channels_is_refused() {
    assert_eq!(
        refusal("conv", &[2, 8, 3], &[3, 4, 5], &[1, 1, 1, 0, 0]),
        "conv: the kernel [3, 4, 5] takes 4 channels, the input [2, 8, 3] has 3. Was the layer built for another input?"
    );
    assert_eq!(
        refusal("conv", &[2, 8, 4], &[3, 4, 6], &[2, 1, 1, 0, 0]),
        "conv: the kernel [3, 4, 6] takes 4 channels per group, the input [2, 8, 4] has 2. Was the layer built for another input?"
    );
    assert_eq!(
        refusal("conv_input", &[2, 8, 3], &[3, 4, 5], &[1, 1, 1, 0, 0, 10]),
        "conv_transpose: the kernel [3, 4, 5] has 5 filters, the tensor [2, 8, 3] 3 channels"
    );
}

#[test]
fn groups_that_do_not_divide_are_refused() {
    let of = |channels: usize, filters: usize, groups: i64| {
        refusal(
            "conv",
            &[1, 8, channels],
            &[3, channels / 2, filters],
            &[groups, 1, 1, 0, 0],
        )
    };
    assert_eq!(of(5, 4, 2), "conv: 2 groups do not divide the 5 channels of the input");
    assert_eq!(of(4, 5, 2), "conv: 2 groups do not divide 5 filters");
    assert_eq!(of(4, 4, 0), "conv: groups must be at least 1");
    assert_eq!(of(4, 4, -1), "conv: a size is negative");
}

#[test]
fn a_kernel_that_does_not_fit_is_refused() {
    assert_eq!(
        refusal("conv", &[1, 9, 4, 1], &[3, 5, 1, 1], &[1, 1, 1, 0, 0, 1, 1, 0, 0]),
        "conv: spatial axis 1: a kernel of 5 cells does not fit into an input of 4 cells. Use a smaller kernel, or padding \"same\"."
    );
    assert_eq!(
        refusal("conv", &[1, 4, 1], &[3, 1, 1], &[1, 1, 3, 1, 1]),
        "conv: spatial axis 0: a kernel of 7 cells (size 3, dilation 3) does not fit into an input of 6 cells (4, padded by 1 and 1). \
         Use a smaller kernel, or padding \"same\"."
    );
}

#[test]
fn sizes_that_contradict_each_other_are_refused() {
    assert_eq!(
        refusal("conv_input", &[1, 4, 1], &[3, 1, 1], &[1, 2, 1, 0, 0, 8]),
        "conv_transpose: spatial axis 0: an input of 8 cells and a kernel of 3 give 3 positions at stride 2, not 4"
    );
    assert_eq!(
        refusal("conv_kernel", &[1, 8, 1], &[2, 6, 1], &[1, 1, 1, 0, 0, 3]),
        "conv_kernel: batches of 1 and 2 images"
    );
    assert_eq!(
        refusal("conv", &[1, 8, 1], &[3, 1, 1], &[1, 0, 1, 0, 0]),
        "conv: strides and dilations are at least 1, received 0 and 1 for spatial axis 0"
    );
    assert_eq!(
        refusal("conv", &[8, 1], &[3, 1, 1], &[1, 1, 1, 0, 0]),
        "conv: expected [batch, …sizes, channels] with one to three spatial axes, received shape [8, 1]."
    );
    assert_eq!(
        refusal("conv", &[1, 8, 1], &[3, 3, 1, 1], &[1, 1, 1, 0, 0]),
        "conv: expected a second operand of 3 axes, like the first, received shape [3, 3, 1, 1]."
    );
    assert_eq!(
        refusal("conv", &[1, 8, 8, 1], &[3, 3, 1, 1], &[1, 1, 1, 0, 0]),
        "conv: each of 2 spatial axes needs 4 numbers"
    );
}

#[test]
fn padding_beyond_all_memory_is_refused() {
    let far = i32::MAX as i64;
    let text = refusal("conv", &[1, 8, 4], &[3, 4, 1], &[1, far / 2, 1, far, far]);
    assert!(text.contains("larger than the memory"), "{text}");
    let text = refusal("conv", &[1, 8, 4], &[3, 4, 1], &[1, 1, 1, i64::MIN, 0]);
    assert!(text.contains("out of range"), "{text}");
}

//! The compiling process on its own, for tests and benches; the binary does the same first of all.

fn main() {
    jobling_sandbox::compile_child_main();
}

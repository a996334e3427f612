/// Composes a running node: threads, queues, configuration, start and stop.
///
/// The composition root: imports everything below `control`, and is imported only by `control`, `dashboard`, `demo` and `cli`.
///
/// **What a node writes down before it goes on** ([Notebook], [EpochFile]), and what a disk that fails then stops:
///
/// | before | cannot be written | so that |
/// |---|---|---|
/// | it claims an epoch | it does not claim, and tries again: to the protocol the witness is silent (FROZEN) | a partner that can go on is free to claim |
/// | it is a backup of an epoch | it is none, and dials again | the primary goes on without it |
/// | output leaves on the backup's renunciation | output is held, tried again | a restart finds that it relied |
/// | it follows an operator's order | the node ends | no order is followed of which nothing is left |
///
/// Nothing else waits: a primary that has its grant, and a backup that follows, go on with a disk that fails, as far as the guest's own disk lets
/// them. The epoch's file never grows, so a disk that is merely full stops none of the first three. A damaged one stops no start, since the node
/// acts on the witness's record, not on its own memory: that is for the day the witness has lost its own, and `sosia pair reinit` refuses to guess.
package io.sosia.appliance.node;

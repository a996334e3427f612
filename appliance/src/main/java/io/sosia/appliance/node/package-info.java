/// Composes a running node: threads, queues, configuration, start and stop.
///
/// The composition root: imports everything below `control`, and is imported only by `control`, `dashboard`, `demo` and `cli`.
package io.sosia.appliance.node;

/// Composes the rooms below into a node that runs: threads, queues, start and stop.
///
/// Imports everything below it; `control`, `dashboard` and `cli` import it.
package io.sosia.appliance.node;

/// Offers disk, network and entropy to the guest over virtio-mmio (virtio 1.2).
///
/// Rings are touched only at doorbells and at applied inputs, so what the guest sees in them is a function of the log.
/// What a guest puts into a ring can fail its request or break its device until the next reset, nothing else.
///
/// Imports `machine.bus`, `machine.memory`, `machine.state`, `machine.port` and its neighbour `machine.device`.
package io.sosia.appliance.machine.virtio;

/// The outside network and console: carries Ethernet frames and console bytes between a machine and the world.
///
/// Everything that arrives ends in a bounded inbox ([FrameInbox], [ConsoleInbox]) that the machine's own loop drains;
/// a frame may be dropped before it is recorded, never after. Everything that leaves goes through an [Uplink] or a
/// [ConsoleTerminal] and never makes the machine wait for a slow network.
///
/// Two ways out: [StreamUplink] speaks QEMU's stream protocol, to a [Passt] (user-mode network, no privilege needed)
/// or to a [FrameSwitch] (the segment that both nodes of a pair share); [TapUplink] opens a Linux TAP interface.
/// [OutboundFlows] and [Announcement] are what a node says on that segment at the moment it goes live.
///
/// Imports the JDK and SLF4J only; nothing of this project.
package io.sosia.appliance.attach;

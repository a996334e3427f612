/// Which engine runs a hart, and on which thread it translates.
///
/// Never part of what is recorded or of a pair's identity: every engine gives the same bits. Imports `machine.cpu`,
/// `machine.exec` and `machine.translate`.
package io.sosia.appliance.engine;

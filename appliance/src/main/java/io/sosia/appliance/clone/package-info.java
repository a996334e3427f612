/// Rebuilds redundancy from a running machine: what is moved to a new backup, in which order, and when the two are joined (FT
/// paper, 2.2, "FT VMotion").
///
/// Pure. Imports `eventlog` and `machine.port`.
package io.sosia.appliance.clone;

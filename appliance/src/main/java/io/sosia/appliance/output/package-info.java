/// Holds external output until the backup has its cause (architecture, "The output rule"; FT paper, 2.2).
///
/// Pure. Imports `eventlog`.
package io.sosia.appliance.output;

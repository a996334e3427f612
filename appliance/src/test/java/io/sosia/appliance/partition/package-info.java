/// The partition matrix: a pair and its arbiter as real processes in network namespaces, one row of faults after another.
package io.sosia.appliance.partition;

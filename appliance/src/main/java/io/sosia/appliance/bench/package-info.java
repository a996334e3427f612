/// Measures the product and its peers on the same work, in the same run.
///
/// Ratios count, not times: machines are noisy. Imports `engine`, `image`, `machine` and its rooms, `tls`, `disksync` and `witness`.
package io.sosia.appliance.bench;

/// Turns what an operator types into calls of the rooms below, and what they answer into lines and exit statuses.
///
/// Imports everything below; nothing imports it.
package io.sosia.appliance.cli;

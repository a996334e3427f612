/// Commands of the `sosia` program: reads options, calls the packages below, prints, exits.
///
/// May import everything of the appliance.
package io.sosia.appliance.cli;

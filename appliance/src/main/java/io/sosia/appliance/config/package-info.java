/// Reads configuration files and says in one line what is wrong with them: file, key and remedy.
///
/// Imports Jackson only; knows no particular configuration.
package io.sosia.appliance.config;

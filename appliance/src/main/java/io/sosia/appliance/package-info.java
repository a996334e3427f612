/// One room for each job of an appliance; this package itself holds none of them.
package io.sosia.appliance;

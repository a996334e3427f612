/// placeholder
package io.sosia.appliance;

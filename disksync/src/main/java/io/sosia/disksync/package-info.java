/// placeholder
package io.sosia.disksync;

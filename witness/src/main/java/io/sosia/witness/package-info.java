/// placeholder
package io.sosia.witness;

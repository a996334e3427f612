/// Answers an operator's questions about a running node, on this host.
///
/// A small HTTP API: `GET /status` (JSON of `node.NodeStatus`), `GET /console?from=OFFSET` (bytes, with their offset in the header
/// `X-Console-Offset`), `POST /console` (types the body). Imports `node`.
package io.sosia.appliance.control;

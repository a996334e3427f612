/// Answers an operator's questions about a running node, on this host.
///
/// A small HTTP API:
/// * `GET /status`: JSON of `node.NodeStatus`.
/// * `GET /console?from=OFFSET&wait=MILLIS`: the guest's console from an offset on, with the offset of the first
///   byte in the header `X-Console-Offset`; waits up to that long (10 s at most) for the first byte.
/// * `POST /console` with content type `application/octet-stream`, 4,096 bytes at most: types the body and answers
///   how many bytes were taken; 409 from a node that is not the primary.
///
/// Imports `node`.
package io.sosia.appliance.control;

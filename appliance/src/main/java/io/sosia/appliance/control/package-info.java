/// Answers an operator's questions about a running node, on this host.
///
/// A small HTTP API:
/// * `GET /status`: JSON of `node.NodeStatus`.
/// * `GET /console?from=OFFSET&wait=MILLIS`: the guest's console from an offset on, with the offset of the first
///   byte in the header `X-Console-Offset`; waits up to that long (10 s at most) for the first byte.
/// * `POST /console` with content type `application/octet-stream`, 4,096 bytes at most: types the body and answers
///   how many bytes were taken; 409 from a node that is not the primary.
/// * `POST /disk/export` with `{"bind": "127.0.0.1:10809", "sideBytes": 0}` as `application/json`: begins to export a backup's
///   disk as it is now and answers JSON of `node.ExportStatus`; 409 with the reason from a node that does not.
///   `PUT /disk/export/ID` answers how it stands and keeps it alive: without that it ends after 5 s. `DELETE` ends it.
/// * `POST /snapshot` with `{"folder": "/ABSOLUTE/PATH"}` as `application/json`: begins to save a backup's machine and disk to
///   that new folder on the node's host and answers JSON of `node.SnapshotStatus`; 409 with the reason from a node that does
///   not. `PUT /snapshot/ID` answers how it stands and keeps it alive: without that it is given up after 10 s, with nothing
///   left of it. `DELETE` gives it up.
///
/// Imports `node`.
package io.sosia.appliance.control;

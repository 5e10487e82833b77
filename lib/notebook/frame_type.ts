/** An interactive page of its own, shown in a frame that can reach neither the report nor the network. */
export const FRAME_TYPE = "application/vnd.deep-features.frame+html";

/**
 * Set in the environment of kernels whose outputs become a report. To Jupyter itself such pages are not
 * passed on, but served (see `serve_page.ts`).
 */
export const FRAMES_VARIABLE = "REPORT_FRAMES";

/**
 * Digest of all that is the same in every interactive page of this library: markup, style and script (see
 * `frameParts`). Reports let no other page run. A test holds it to the page that `interactiveMap` makes,
 * and says what it must be.
 */
export const FRAME_SHA256 = "507c22dd1e7206ea851fe6984cbc9ad2467c0f8a615e3daf3c0dc3a5771a0cf0";

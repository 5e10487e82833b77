/** An interactive page of its own, shown in a frame that can reach neither the report nor the network. */
export const FRAME_TYPE = "application/vnd.deep-features.frame+html";

/**
 * Set in the environment of kernels whose outputs become a report. In Jupyter itself a page of many
 * megabytes would exceed the rate at which it passes outputs on, and swell the notebook when saved.
 */
export const FRAMES_VARIABLE = "REPORT_FRAMES";

import { parentPort, workerData } from "node:worker_threads";
import { type ForestPlan, plannedTree, type TreeReply, type TreeRequest } from "./grow_forest.ts";

parentPort!.on("message", ({ tree, seed }: TreeRequest) => {
  const reply: TreeReply = { tree, grown: plannedTree(workerData as ForestPlan, seed) };
  parentPort!.postMessage(reply);
});

import { Svc } from "deep-features";
import {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { checkEstimator } from "../helpers/estimator_checks.ts";

checkEstimator({
  name: "KNeighborsClassifier",
  create: () => new KNeighborsClassifier(),
  construct: (options) => new KNeighborsClassifier(options),
});
checkEstimator({
  name: "RandomForestClassifier",
  create: () => new RandomForestClassifier({ nEstimators: 20 }),
  construct: (options) => new RandomForestClassifier(options),
});
checkEstimator({
  name: "LogisticRegression",
  create: () => new LogisticRegression(),
  construct: (options) => new LogisticRegression(options),
});
checkEstimator({
  name: "LinearSvc",
  create: () => new LinearSvc(),
  construct: (options) => new LinearSvc(options),
});
checkEstimator({ name: "Svc", create: () => new Svc(), construct: (options) => new Svc(options) });

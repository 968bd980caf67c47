# An example: two sizes of one recipe, and a page that needs both.
#
#     make -f recipes/jobs/example.mk -j2
#
# Copy it next to your own work and change the path of the include.

RUNS := runs
SAMPLES := 16

all: comparison.txt

include $(dir $(lastword $(MAKEFILE_LIST)))genkit.mk

$(eval $(call genkit-run,narrow,gated_pixelcnn/digits,-o model.width=16))
$(eval $(call genkit-run,wide,gated_pixelcnn/digits,-o model.width=32))

comparison.txt: $(RUNS)/narrow/evaluation/test.json $(RUNS)/wide/evaluation/test.json \
                $(RUNS)/narrow/samples/final/job.json $(RUNS)/wide/samples/final/job.json
	for run in narrow wide; do echo "$$run"; cat $(RUNS)/$$run/evaluation/test.json; done > $@

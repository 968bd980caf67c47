# Many samples of one run, in shards that are drawn side by side and then put together:
#
#     make -f path/to/shards.mk -j4 RUN=runs/digits COUNT=100000 SHARDS=4 DIR=many
#
# Give OPTIONS="--seed 3 --temperature 0.9" for more options of `genkit sample`. Stopped, killed or
# failed, the same command goes on. A single `genkit sample` uses all cores of a machine as well;
# shards are worth it where each has cores, a machine or an accelerator of its own.

SHARDS ?= 4
OPTIONS ?=

ifneq ($(and $(RUN),$(COUNT),$(DIR)),)
all: $(DIR)/job.json
include $(dir $(lastword $(MAKEFILE_LIST)))genkit.mk
$(eval $(call genkit-shards,$(DIR),$(RUN),$(COUNT),$(SHARDS),$(OPTIONS)))
else
all:
	@echo 'RUN, COUNT and DIR are needed, such as: RUN=runs/digits COUNT=100000 SHARDS=4 DIR=many' >&2; exit 2
endif
